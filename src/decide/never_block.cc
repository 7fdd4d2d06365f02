// SPDX-License-Identifier: Apache-2.0
#include "decide/never_block.h"

#include <algorithm>
#include <array>

#include "normalise/domain.h"

namespace telefence {
namespace {

// Sorted by value; no two have the same digits. None starts with 0, so the value alone names a number.
constexpr NeverBlockNumber kNumbers[] = {
    {"110", "police emergency", "公安报警", true},
    {"112", "emergency (GSM)", "国际紧急呼叫"},
    {"119", "fire emergency", "消防救援"},
    {"120", "medical emergency", "医疗急救"},
    {"122", "traffic accidents", "交通事故报警"},
    {"911", "emergency (North America)", "北美紧急呼叫"},
    {"999", "emergency (Hong Kong, Red Cross)", "香港紧急呼叫及红十字急救"},
    {"10000", "China Telecom", "中国电信客服"},
    {"10010", "China Unicom", "中国联通客服"},
    {"10015", "China Unicom complaints", "中国联通投诉"},
    {"10080", "China Mobile complaints", "中国移动投诉"},
    {"10086", "China Mobile", "中国移动客服"},
    {"10099", "China Broadnet", "中国广电客服"},
    {"11185", "China Post", "中国邮政客服"},
    {"12110", "police by short message", "短信报警", true},
    {"12119", "forest fire", "森林火警"},
    {"12121", "weather", "天气预报"},
    {"12300", "telecom complaints (MIIT)", "电信用户申诉"},
    {"12301", "tourism", "旅游服务"},
    {"12306", "railway", "铁路客服"},
    {"12309", "procuratorate", "检察服务"},
    {"12315", "market supervision", "消费者投诉"},
    {"12320", "public health", "公共卫生"},
    {"12321", "reports of spam and harassment", "不良与垃圾信息举报"},
    {"12328", "transport supervision", "交通运输服务监督"},
    {"12333", "human resources and social security", "人力资源和社会保障"},
    {"12337", "reports of organised crime", "政法干警及涉黑举报"},
    {"12338", "women's rights", "妇女维权"},
    {"12345", "government service", "政务服务便民热线"},
    {"12348", "legal aid", "公共法律服务"},
    {"12350", "work safety", "安全生产举报"},
    {"12351", "trade unions", "职工维权"},
    {"12355", "youth service", "青少年服务"},
    {"12356", "mental health", "心理援助"},
    {"12360", "customs", "海关服务"},
    {"12363", "financial consumers (PBC)", "人民银行金融消费权益保护"},
    {"12366", "tax", "纳税服务"},
    {"12367", "immigration", "移民管理服务"},
    {"12368", "courts", "人民法院诉讼服务"},
    {"12369", "environment", "环保举报"},
    {"12377", "illegal content (CAC)", "互联网违法和不良信息举报"},
    {"12378", "bank and insurance consumers", "银行保险消费者投诉"},
    {"12379", "emergency warnings by short message", "突发事件预警信息", true},
    {"12380", "reports to party organisation", "组织举报"},
    {"12381", "anti-fraud warnings by short message (MIIT)", "涉诈预警劝阻短信", true},
    {"12386", "securities regulator", "证监会热线"},
    {"12388", "discipline inspection", "纪检监察举报"},
    {"12389", "complaints about police", "公安机关违纪举报"},
    {"12393", "medical insurance", "医疗保障服务"},
    {"12395", "rescue at sea", "水上遇险求救"},
    {"95017", "Tencent (WeChat Pay)", "腾讯客服"},
    {"95188", "Alipay", "支付宝客服"},
    {"95311", "ZTO Express", "中通快递"},
    {"95319", "Bank of Jiangsu", "江苏银行"},
    {"95338", "SF Express", "顺丰速运"},
    {"95395", "Hengfeng Bank", "恒丰银行"},
    {"95500", "China Pacific Insurance", "太平洋保险"},
    {"95508", "China Guangfa Bank", "广发银行"},
    {"95511", "Ping An", "中国平安"},
    {"95516", "UnionPay", "中国银联"},
    {"95518", "PICC", "中国人保"},
    {"95519", "China Life", "中国人寿"},
    {"95522", "Taikang Insurance", "泰康保险"},
    {"95526", "Bank of Beijing", "北京银行"},
    {"95527", "China Zheshang Bank", "浙商银行"},
    {"95528", "Shanghai Pudong Development Bank", "浦发银行"},
    {"95530", "China Eastern Airlines", "东方航空"},
    {"95533", "China Construction Bank", "中国建设银行"},
    {"95539", "China Southern Airlines", "南方航空"},
    {"95541", "China Bohai Bank", "渤海银行"},
    {"95543", "STO Express", "申通快递"},
    {"95546", "Yunda Express", "韵达快递"},
    {"95554", "YTO Express", "圆通速递"},
    {"95555", "China Merchants Bank", "招商银行"},
    {"95558", "China CITIC Bank", "中信银行"},
    {"95559", "Bank of Communications", "交通银行"},
    {"95561", "Industrial Bank", "兴业银行"},
    {"95566", "Bank of China", "中国银行"},
    {"95567", "New China Life Insurance", "新华保险"},
    {"95568", "China Minsheng Bank", "中国民生银行"},
    {"95574", "Bank of Ningbo", "宁波银行"},
    {"95577", "Hua Xia Bank", "华夏银行"},
    {"95580", "Postal Savings Bank of China", "邮储银行"},
    {"95583", "Air China", "中国国际航空"},
    {"95588", "Industrial and Commercial Bank of China", "中国工商银行"},
    {"95594", "Bank of Shanghai", "上海银行"},
    {"95595", "China Everbright Bank", "中国光大银行"},
    {"95598", "State Grid", "国家电网"},
    {"95599", "Agricultural Bank of China", "中国农业银行"},
    {"96110", "anti-fraud line of the police", "反诈预警劝阻专线", true},
};

constexpr std::uint64_t value_of(std::string_view digits) {
  std::uint64_t value = 0;
  for (const char c : digits) value = value * 10 + static_cast<std::uint64_t>(c - '0');
  return value;
}

constexpr std::array<std::uint64_t, std::size(kNumbers)> kValues = [] {
  std::array<std::uint64_t, std::size(kNumbers)> values{};
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = value_of(kNumbers[i].digits);
  return values;
}();
static_assert(std::is_sorted(kValues.begin(), kValues.end()));

const NeverBlockNumber* number_with(std::uint64_t value, std::size_t length) {
  const auto found = std::lower_bound(kValues.begin(), kValues.end(), value);
  if (found == kValues.end() || *found != value) return nullptr;
  const NeverBlockNumber& number = kNumbers[found - kValues.begin()];
  return number.digits.size() == length ? &number : nullptr;
}

constexpr std::uint64_t power_of_ten(std::size_t exponent) { return exponent == 0 ? 1 : 10 * power_of_ten(exponent - 1); }

// The digits behind a Chinese area code: 10 and 2x have two digits, all others three.
const NeverBlockNumber* number_behind_area(std::uint64_t value, std::size_t length) {
  const std::uint64_t first = value / power_of_ten(length - 1);
  const bool is_short = first == 2 || value / power_of_ten(length - 2) == 10;
  if (first < 2 && !is_short) return nullptr;
  const std::size_t rest = length - (is_short ? 2 : 3);
  return number_with(value % power_of_ten(rest), rest);
}

// What is dialled with the area code, to reach the emergency or the bank of another place: 0755110, +86 10 96110. No subscriber there has
// so few digits. And 12110 with an area code behind it, the police of a place.
const NeverBlockNumber* number_of_a_place(const PhoneDigits& digits) {
  std::uint64_t value = digits.value;
  std::size_t length = digits.length;
  if (digits.international) {
    length -= 2;
    if (length < 6 || value / power_of_ten(length) != 86) return nullptr;
    return number_behind_area(value % power_of_ten(length), length);
  }
  if (value < power_of_ten(length - 1)) return value < power_of_ten(length - 2) ? nullptr : number_behind_area(value, length - 1);
  constexpr std::uint64_t kPoliceBySms = 12110;
  if (length == 8 && value / 1000 == kPoliceBySms) return number_with(kPoliceBySms, 5);
  return nullptr;
}

}  // namespace

std::span<const NeverBlockNumber> never_block_numbers() { return kNumbers; }

const NeverBlockNumber* never_blocked(const PhoneDigits& digits) {
  constexpr std::size_t kLongest = 5, kLongestOfAPlace = 10;
  if (digits.length < 3 || digits.length > kLongestOfAPlace) return nullptr;
  if (digits.length > kLongest) return number_of_a_place(digits);
  return digits.international ? nullptr : number_with(digits.value, digits.length);
}

// Exact entries are refused, too: resolvers that minimise names (RFC 9156) ask for com.cn itself on the way to every site.
std::string refuse_domain(std::string_view name, bool subdomains) {
  const bool top_level = name.find('.') == std::string_view::npos;
  if (!top_level && !is_public_suffix(name)) return {};
  const std::string consequence =
      subdomains ? ": every site under it would be blocked" : ": resolvers ask for it on the way to every site under it";
  return domain_for_people(name) + (top_level ? " is a top-level domain" : " is a public suffix") + consequence;
}

}  // namespace telefence
